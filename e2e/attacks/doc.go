// Package attacks lists what strangers have tried on Godwit: tables of addresses
// and of bodies. The tests of package e2e try them on a running server, and
// docs/security.md counts them. It holds data and may import nothing of Godwit.
package attacks
