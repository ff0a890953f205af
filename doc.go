// Package godwit holds no code: it is the root of the repository, and its tests
// check what no single package can — which package may import which, the house
// style's sizes and names, and the files that ship the product (compose,
// Dockerfile, Makefile).
package godwit
