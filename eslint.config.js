/** Every rule of ESLint; each that is off or softened says why. Layout is Prettier's, types are tsc's. */

import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";

export default defineConfig(
  globalIgnores([".venv/", ".stride/", "dist/", "widget/locales/"]),
  js.configs.all,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      camelcase: ["error", { properties: "never", ignoreDestructuring: true }], // the protocol's fields are snake_case
      "capitalized-comments": "off", // a reason beside its line begins as it likes, and /* css */ is for editors
      "consistent-return": "off", // tsc's noImplicitReturns judges by the types
      curly: ["error", "multi-line"], // an early return stands on its own line
      "func-style": ["error", "declaration", { allowArrowFunctions: true }], // short ones read better as arrows
      "id-length": ["error", { exceptions: ["_", "a", "b", "d", "h", "t", "v"] }], // left out, sorted, and names from SVG, views and frames
      "max-classes-per-file": "off", // three bubbles of ten lines are one idea
      "max-lines": ["error", { skipComments: true, skipBlankLines: true }], // types are comments here
      "max-lines-per-function": "off", // the markup of a view is one expression, laid out by Prettier
      "max-params": ["error", 4],
      "max-statements": "off", // complexity and depth are limited; a sequence of assignments is no burden
      "no-await-in-loop": "off", // what is repeated here waits between its turns
      "no-continue": "off", // a guard at the top of a loop reads as well as one at the top of a function
      "no-inline-comments": "off", // a reason of three words stands beside its line
      "no-magic-numbers": "off", // minutes in an hour read better in place than behind a name
      "no-ternary": "off", // one choice between two values is an expression; nested ones are refused
      "no-undefined": "off", // what is missing is undefined, and null is what is known to be nothing
      "no-unused-vars": ["error", { varsIgnorePattern: "^_+$", argsIgnorePattern: "^_$" }], // a field that is left out
      "no-use-before-define": ["error", { functions: false, variables: false }], // what a file is for stands first
      "one-var": ["error", "never"],
      "prefer-named-capture-group": "off", // one or two groups are clear in place, and Markdown's seven have names there
      "require-unicode-regexp": "off", // what is matched is ASCII, or excludes it
      "sort-imports": "off", // they are sorted by module, which this rule cannot do
      "sort-keys": "off", // fields stand in the order in which a reader needs them
    },
  },
  {
    files: ["widget/**", "examples/**", "infra/local/site/static/**", "ops/web/static/**", "tests/browser/**"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["infra/*.js", "infra/reference/**", "infra/protocol_page/**", "tests/widget/**"],
    languageOptions: { globals: globals.nodeBuiltin },
  },
);
