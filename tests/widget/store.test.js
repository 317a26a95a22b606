import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryArea, Store } from "../../widget/store.js";
import { command } from "./frames.js";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Storage that refuses to write, as a full one does. */
class FullArea extends MemoryArea {
  isFull = false;

  /**
   * @override
   * @param {string} key
   * @param {string} value
   */
  setItem(key, value) {
    if (this.isFull) throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    super.setItem(key, value);
  }
}

/** Storage that lists its keys by name, as a browser may list them in any order. */
class SortedArea extends MemoryArea {
  /**
   * @override
   * @param {number} index
   */
  key(index) {
    const keys = Array.from({ length: this.length }, (_, each) => super.key(each) ?? "");
    return keys.toSorted()[index] ?? null;
  }
}

/** @param {MemoryArea} area */
const storeOver = (area, tenant = "studio") => new Store(tenant, { area, tabArea: new MemoryArea() });

test("a token, what was read and the offer survive a reload", () => {
  const area = new MemoryArea();
  const before = storeOver(area);
  before.token = "token";
  before.lastSeq = 17;
  before.keepOffer("pl", { services: [], names: { massage: "Masaż" }, contact_kinds: ["email"] });
  const after = storeOver(area);
  assert.equal(after.token, "token");
  assert.equal(after.lastSeq, 17);
  assert.equal(after.findOffer("pl")?.names.massage, "Masaż");
  assert.equal(after.findOffer("en"), null);
});

test("tenants on one page know nothing of each other", () => {
  const area = new MemoryArea();
  storeOver(area, "studio").token = "token";
  storeOver(area, "studio").keepCommand(command("c1"));
  assert.equal(storeOver(area, "barber").token, null);
  assert.deepEqual(storeOver(area, "barber").commands(), []);
});

test("a token that is taken away leaves nothing behind", () => {
  const area = new MemoryArea();
  const store = storeOver(area);
  store.token = "token";
  store.token = null;
  assert.equal(store.token, null);
  assert.equal(area.length, 0);
});

test("commands come back oldest first", (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const store = storeOver(new SortedArea());
  store.keepCommand(command("z-first"));
  context.mock.timers.tick(1);
  store.keepCommand(command("a-second"));
  assert.deepEqual(
    store.commands().map((frame) => frame.id),
    ["z-first", "a-second"],
  );
});

test("a command older than a day is dropped for good", (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const area = new MemoryArea();
  storeOver(area).keepCommand(command("c1"));
  context.mock.timers.tick(DAY_MS - 1);
  assert.equal(storeOver(area).commands().length, 1);
  context.mock.timers.tick(1);
  assert.deepEqual(storeOver(area).commands(), []);
  assert.equal(area.length, 0);
});

test("what somebody else has written over is passed over, and the rest is read", () => {
  const area = new MemoryArea();
  const store = storeOver(area);
  store.keepCommand(command("c1"));
  const corrupt = ["{", "null", "17", '"text"', "{}", '{"at":1,"frame":null}', '{"frame":{"id":"c9"}}'];
  for (const [index, text] of corrupt.entries()) area.setItem(`stride-chat/studio/out/x${index}`, text);
  area.setItem("stride-chat/studio/last_seq", "many");
  area.setItem("stride-chat/studio/offer/pl", "{]");
  assert.deepEqual(
    store.commands().map((frame) => frame.id),
    ["c1"],
  );
  assert.equal(store.lastSeq, 0);
  assert.equal(store.findOffer("pl"), null);
});

test("where storage is full, the page goes on with what it could read, in memory", () => {
  const area = new FullArea();
  const store = storeOver(area);
  store.token = "token";
  store.keepCommand(command("c1"));
  area.isFull = true;
  store.keepCommand(command("c2"));
  store.lastSeq = 4;
  assert.deepEqual(
    store
      .commands()
      .map((frame) => frame.id)
      .toSorted(),
    ["c1", "c2"],
  );
  assert.equal(store.token, "token");
  assert.equal(store.lastSeq, 4);
  assert.deepEqual(
    storeOver(area)
      .commands()
      .map((frame) => frame.id),
    ["c1"],
  );
});

test("where a tab's storage is closed, the panel opens all the same", () => {
  const tabArea = new FullArea();
  tabArea.isFull = true;
  const store = new Store("studio", { area: new MemoryArea(), tabArea });
  store.open = true;
  assert.equal(store.open, false);
});

test("without any storage of the browser a store keeps things until the page goes", () => {
  const store = new Store("studio");
  store.token = "token";
  store.open = true;
  assert.equal(store.token, "token");
  assert.equal(store.open, true);
});
