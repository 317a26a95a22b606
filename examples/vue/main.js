/**
 * The widget in Vue 3. In templates it needs `compilerOptions.isCustomElement: (tag) => tag === "stride-chat"`, and reads
 * `<stride-chat ref="chat" :locale="locale" @stride-chat-message="…" />`; a render function says the same.
 */

import { createApp, h, ref } from "vue";

const App = {
  setup() {
    const chat = ref(null);
    const locale = ref("pl");
    const news = ref("");
    const switchLanguage = () => (locale.value = locale.value === "pl" ? "en" : "pl");
    return () => [
      h("button", { type: "button", id: "ask", onClick: () => chat.value.open() }, "Ask us"),
      h("button", { type: "button", id: "language", onClick: switchLanguage }, locale.value),
      h("p", { id: "news" }, news.value),
      h("stride-chat", {
        ref: chat,
        "websocket-url": "wss://YOUR-API.execute-api.eu-central-1.amazonaws.com/live",
        tenant: "studio-lumen",
        locale: locale.value,
        "on:stride-chat-message": ({ detail }) => (news.value = `${detail.from}: ${detail.text}`),
      }),
    ];
  },
};

createApp(App).mount("#app");
