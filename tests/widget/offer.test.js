import assert from "node:assert/strict";
import { test } from "node:test";

import { findPrice, findServiceName, mergeOffer } from "../../widget/offer.js";
import { details } from "./frames.js";

/** @import { Frame } from "../../widget/types.d.ts" */

const MASSAGE = { id: "massage", name: "Massage", duration_minutes: 60 };

/**
 * @param {Partial<Frame<"booking.slots">["data"]>} data
 * @returns {Frame<"booking.slots">}
 */
const slots = (data) => ({ type: "booking.slots", re: "q1", data: { slots: [], time_zone: "Europe/Warsaw", ...data } });

test("an answer without services or kinds of contact leaves what is known", () => {
  const first = mergeOffer(null, slots({ services: [MASSAGE], contact_kinds: ["phone"] }));
  const second = mergeOffer(first, slots({ services: [], contact_kinds: [] }));
  assert.deepEqual(second.services, [MASSAGE]);
  assert.deepEqual(second.contact_kinds, ["phone"]);
});

test("before anybody has said so, a business takes e-mail addresses", () => {
  assert.deepEqual(mergeOffer(null, details("q1")).contact_kinds, ["email"]);
});

test("details of a visit add its service's name to those known", () => {
  const offer = mergeOffer(
    mergeOffer(null, slots({ services: [MASSAGE] })),
    details("q1", { service: "spa", service_name: "Spa day" }),
  );
  assert.equal(findServiceName("spa", offer), "Spa day");
  assert.equal(findServiceName("massage", offer), "Massage");
  assert.equal(offer.time_zone, "Europe/Warsaw");
});

test("the deadline for changes is that of the latest answer about free times", () => {
  const known = mergeOffer(mergeOffer(null, slots({ change_deadline_hours: 24 })), details("q1"));
  assert.equal(known.change_deadline_hours, 24);
  assert.equal(mergeOffer(known, slots({})).change_deadline_hours, undefined);
});

test("a name never heard is made of the id", () => {
  assert.equal(findServiceName("deep-tissue", null), "Deep tissue");
});

test("address, telephone number and price are those of the last answer with free times", () => {
  const first = mergeOffer(null, slots({ services: [{ ...MASSAGE, price: "120 zł" }], address: "A", phone: "1" }));
  const second = mergeOffer(first, details("q1"));
  assert.deepEqual([second.address, second.phone, findPrice("massage", second)], ["A", "1", "120 zł"]);
  const third = mergeOffer(second, slots({ services: [MASSAGE] }));
  assert.deepEqual([third.address, third.phone, findPrice("massage", third)], [undefined, undefined, ""]);
});
