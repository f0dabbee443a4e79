"use strict";
// The OpenAPI document in, a page out. Everything is put in as text, never as HTML.
const ORDER = ["prices", "insight", "model", "operation", "other protocols"];
let api = {};

function make(tag, given, ...children) {
  const node = Object.assign(document.createElement(tag), given);
  node.append(...children);
  return node;
}

const span = (className, text) => make("span", { className }, text);
const said = (text) => (text || "").split("`").map((part, place) => (place % 2 ? make("code", {}, part) : part)); // `code`

function whole(schema = {}) {
  const named = schema.$ref && schema.$ref.split("/").pop();
  return named ? { named, ...api.components.schemas[named] } : schema;
}

function some(schema) { // without null: a field that may be null is one that may be left out
  const { anyOf, ...about } = whole(schema);
  const forms = (anyOf || []).filter((form) => form.type !== "null");
  return !anyOf ? about : forms.length === 1 ? { ...about, ...whole(forms[0]) } : { ...about, anyOf: forms };
}

function kind(given) {
  const schema = some(given);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.prefixItems) return `[${schema.prefixItems.map(kind).join(", ")}]`;
  if (schema.type === "array") return `list of ${kind(schema.items)}`;
  const word = schema.named || schema.format || { integer: "whole number", string: "text" }[schema.type] || schema.type || "anything";
  const { minimum: low, maximum: high } = schema;
  if (low !== undefined && high !== undefined) return `${word}, ${low} to ${high}`;
  return low !== undefined ? `${word}, at least ${low}` : high !== undefined ? `${word}, at most ${high}` : word;
}

function fields(given, asked, depth = 0) {
  let schema = some(given);
  if (schema.type === "array") schema = some(schema.items);
  const rows = Object.entries(schema.properties || {}).map(([name, field]) => {
    const must = asked && (schema.required || []).includes(name);
    const row = make("td", {}, span("kind", kind(field)), span("kind must", must ? " · required" : ""), make("br"), ...said(some(field).description));
    const inner = depth < 3 && fields(field, asked, depth + 1);
    if (inner) row.append(make("details", { className: "inner" }, make("summary", {}, "its fields"), inner));
    return make("tr", {}, make("td", {}, name), row);
  });
  return rows.length ? make("table", {}, ...rows) : null;
}

function sample(given) {
  const schema = some(given);
  if (schema.examples) { // in the order of the fields
    const [found] = schema.examples;
    return Object.fromEntries(Object.keys(schema.properties).filter((name) => name in found).map((name) => [name, found[name]]));
  }
  if (schema.oneOf) return sample(schema.oneOf[0]);
  if (schema.type === "array") return [sample(schema.items)];
  return Object.fromEntries(Object.entries(schema.properties || {}).map(([name, field]) => [name, sample(field)]));
}

function body(type, content) { // null: bytes that nobody types
  const { schema, example } = content[type];
  if (schema.format === "binary") return null;
  if (type.endsWith("json") && schema.type !== "string") return pretty(example ?? sample(schema));
  const house = sample({ $ref: "#/components/schemas/House" });
  if (type === "text/csv") return `${Object.keys(house)}\n${Object.values(house)}\n`;
  return `${JSON.stringify(house)}\n${JSON.stringify(house)}\n`;
}

const pretty = (value) => JSON.stringify(value, null, 1) // short lists on one line
  .replace(/\[\n\s*([^[\]{}]*?)\n\s*\]/g, (_, inner) => `[${inner.replace(/\n\s*/g, " ")}]`);
const address = (path) => new URL(`.${path}`, location.href).href; // beside this page, whatever stands before it
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function attempt(method, path, route) {
  const content = route.requestBody ? route.requestBody.content : {};
  const types = Object.keys(content);
  const target = make("input", { value: path.replace("{model}", api.info.title), spellcheck: false, ariaLabel: "Path and query" });
  const type = make("select", { ariaLabel: "Content type", hidden: types.length < 2 }, ...types.map((name) => make("option", {}, name)));
  const text = make("textarea", { spellcheck: false, ariaLabel: "Body" });
  const curl = make("pre", { className: "curl" });
  const told = make("p", { className: "told note", ariaLive: "polite" });
  const answer = make("pre", { className: "answer", hidden: true });
  const send = make("button", { className: "send", type: "button" }, "Send");
  const copy = make("button", { type: "button" }, "Copy curl");
  const key = document.getElementById("key");
  const binary = () => types.length > 0 && text.hidden;

  function show() {
    const parts = [`curl -s ${quoted(address(target.value))}`];
    if (key.value) parts.push('-H "X-API-Key: $KEY"');
    if (types.length) parts.push(`-H 'Content-Type: ${type.value}'`);
    const plain = type.value.endsWith("/json") ? text.value.replace(/\n\s*/g, " ") : text.value;
    if (types.length) parts.push(`--data-binary ${binary() ? "@houses -o answer" : quoted(plain)}`);
    curl.textContent = parts.join(" \\\n  ");
    send.disabled = binary();
  }

  function choose() {
    const example = types.length ? body(type.value, content) : null;
    text.hidden = example === null;
    text.value = example || "";
    text.rows = Math.min(22, Math.max(7, text.value.split("\n").length + 1));
    show();
  }

  async function ask() {
    const headers = { ...(types.length ? { "Content-Type": type.value } : {}), ...(key.value ? { "X-API-Key": key.value } : {}) };
    const begun = performance.now();
    answer.hidden = true;
    try {
      const found = await fetch(address(target.value), { method: method.toUpperCase(), headers, body: types.length ? text.value : undefined });
      const content = await found.text();
      const milliseconds = Math.round(performance.now() - begun);
      told.textContent = `${found.status} ${found.statusText} · ${milliseconds} ms · ${found.headers.get("content-type") || "no body"}`;
      told.classList.toggle("bad", !found.ok);
      answer.hidden = !content;
      try { answer.textContent = pretty(JSON.parse(content)); } catch { answer.textContent = content; }
    } catch (error) {
      told.textContent = `No answer: ${error.message}`;
      told.classList.add("bad");
    }
  }

  type.addEventListener("change", choose);
  for (const input of [target, text, key]) input.addEventListener("input", show);
  send.addEventListener("click", ask);
  copy.addEventListener("click", () => navigator.clipboard.writeText(curl.textContent));
  copy.hidden = !navigator.clipboard; // a browser has one only on https and on its own machine
  choose();
  const asked = make("div", { className: "asked" }, target, type);
  return make("div", { className: "attempt" }, make("h3", {}, "Try it"), asked, text, send, copy, told, answer, make("h3", {}, "With curl"), curl);
}

function described(route) {
  const parts = [...(route.description ? [make("p", {}, ...said(route.description))] : [])];
  const add = (title, node) => node && parts.push(make("h3", {}, title), node);
  const queries = (route.parameters || []).filter((parameter) => parameter.in === "query");
  const asked = queries.map(({ name, description, schema }) => [name, { ...schema, description }]);
  add("Query", fields({ properties: Object.fromEntries(asked) }));
  for (const [type, { schema }] of Object.entries(route.requestBody ? route.requestBody.content : {})) {
    const fit = schema.oneOf ? schema.oneOf[0] : schema;
    const words = schema.description && make("p", { className: "note" }, ...said(schema.description));
    add(`Body: ${type}`, schema.type === "string" ? words : fields(fit, true));
  }
  add("Answer", fields(route.responses["200"]?.content?.["application/json"]?.schema));
  const rows = Object.entries(route.responses).map(([status, { description }]) =>
    make("tr", {}, make("td", { className: "status" }, status), make("td", {}, description)));
  add("Status", make("table", {}, ...rows));
  return make("div", {}, ...parts);
}

function block(path, method, route) {
  const title = make("summary", {}, span(`method ${method}`, method.toUpperCase()), span("path", path), span("note", route.summary || ""));
  const node = make("details", { className: "route", id: path }, title);
  node.addEventListener("toggle", () => node.children.length > 1 || node.append(make("div", { className: "sides" }, described(route), attempt(method, path, route))));
  return node;
}

function unfold() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)) || "/predict");
  if (node) node.open = true;
  if (node && location.hash) node.scrollIntoView();
}

async function render() {
  api = await (await fetch("openapi.json")).json();
  document.title = document.querySelector("h1").textContent = api.info.title;
  document.getElementById("version").textContent = `model ${api.info.version}`;
  document.getElementById("summary").textContent = api.info.summary;
  document.getElementById("description").append(...said(api.info.description));
  const groups = new Map(ORDER.map((tag) => [tag, []]));
  for (const [path, ways] of Object.entries(api.paths)) {
    for (const [method, route] of Object.entries(ways)) {
      const tag = (route.tags || ["other"])[0];
      groups.set(tag, [...(groups.get(tag) || []), block(path, method, route)]);
    }
  }
  for (const [tag, blocks] of groups) if (blocks.length) document.getElementById("routes").append(make("h2", {}, tag), ...blocks);
  unfold();
}

addEventListener("hashchange", unfold);
render().catch((error) => document.getElementById("routes").append(make("p", {}, `openapi.json cannot be read: ${error.message}`)));
