// Package eventschema holds events to the JSON Schemas of their types.
//
// A schema is JSON Schema 2020-12, with or without that $schema; every other
// draft is refused. It stands by itself: $ref leads to places inside of it or to
// the metaschemas, which are built in, and nothing is ever read from a file or
// the network. Patterns are RE2, so they have no look-around and no back-references.
// Formats that pass the official test suite of JSON Schema are asserted:
// date-time, date, time, duration, email, hostname, ipv4, ipv6, uri,
// uri-reference, iri, iri-reference, uri-template, uuid, json-pointer and
// relative-json-pointer; and semver, which JSON Schema does not define. All
// others (regex, idn-email and idn-hostname among them), contentEncoding and
// contentMediaType are notes without effect. Numbers are compared exactly,
// however long they are.
//
// Both sides are bounded: MaxSchema, MaxSchemaDepth, MaxDigits, MaxExponent,
// MaxSteps, MaxFaults. Faults name a JSON pointer and the remedy and never quote
// a value of the event; names of its properties appear cut to a bounded length.
//
// Schemas keeps what it has read for the ingest, which tells the store the
// version that each event was held to; see there. The package imports hook and
// eventjson/strict alone.
package eventschema
