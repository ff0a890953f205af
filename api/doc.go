// Package api is Godwit's HTTP API: the Gin engine, the one table of routes,
// handlers, the OpenAPI 3.1 document that is made from the same table, from the
// tags of the types and from reference/operations/ (descriptions and examples), the page
// /docs that is made from the document, and the one table from error codes to
// HTTP statuses.
//
// Every error is application/problem+json (RFC 9457); nothing of an
// unclassified error reaches a client. Bodies are read strictly: duplicate
// names, unknown fields and values out of bounds are refused, each bad field by
// its JSON pointer. The states of an event are never decoded, so their bytes
// stay as the producer sent them.
//
// The package works on one store.Store and one match.Engine and does no other
// I/O but HTTP. It must not import Temporal, the worker or anything that sends.
package api
