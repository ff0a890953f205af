// Package strict walks JSON text without building a tree and without mercy:
// duplicate names at any depth, invalid UTF-8, lone surrogates, trailing data
// and nesting beyond MaxDepth are errors (RFC 7493, I-JSON). Values are handed
// out as sub-slices of the input, byte for byte.
//
// It knows no field names; packages that do are built upon it.
package strict
