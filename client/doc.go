// Package client calls the API of Godwit, and checks what its webhooks bring.
//
// A Client has a method for each operation that an API key may call, made from the
// OpenAPI document by `make clients` (generated.go); what is written by hand sends a
// request again where the network or the server fails, without doing anything twice,
// publishes events in batches, reads lists page by page and verifies signatures.
package client
