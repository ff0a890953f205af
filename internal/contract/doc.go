// Package contract holds requests and answers against an OpenAPI 3.1 document.
// It is for tests: it shows that what the API says of itself is true. It knows
// nothing of Godwit and imports nothing of it.
package contract
