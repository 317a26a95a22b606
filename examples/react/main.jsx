/** The widget in React 19, which sets attributes and properties and listens to events of any custom element. */

import { useRef, useState } from "react";
import { createRoot } from "react-dom/client";

function App() {
  const chat = useRef(null);
  const [locale, setLocale] = useState("pl");
  const [news, setNews] = useState("");
  return (
    <>
      <button type="button" id="ask" onClick={() => chat.current.open()}>
        Ask us
      </button>
      <button type="button" id="language" onClick={() => setLocale(locale === "pl" ? "en" : "pl")}>
        {locale}
      </button>
      <p id="news">{news}</p>
      <stride-chat
        ref={chat}
        websocket-url="wss://YOUR-API.execute-api.eu-central-1.amazonaws.com/live"
        tenant="studio-lumen"
        locale={locale}
        onstride-chat-message={({ detail }) => setNews(`${detail.from}: ${detail.text}`)}
      />
    </>
  );
}

createRoot(document.querySelector("#app")).render(<App />);
