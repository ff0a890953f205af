// Package cli is the client side of the command line: how it calls the API of an
// installation, and what went wrong in words for a person at a terminal.
//
// It knows the API by its paths and JSON alone, as any other client does, and imports
// nothing of the server.
package cli
