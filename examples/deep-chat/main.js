/** deep-chat in place of our widget, on the same back end. */

import "deep-chat";
import { connectTo } from "./adapter.js";

const chat = document.querySelector("deep-chat");
chat.errorMessages = { displayServiceErrorMessages: true }; // They are made for visitors, in their language.
chat.connect = connectTo({
  url: "wss://YOUR-API.execute-api.eu-central-1.amazonaws.com/live",
  tenant: "studio-lumen",
  locale: "en",
});
