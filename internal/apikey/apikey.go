// Package apikey makes and checks API keys of the form
// gw_<8-character id>_<secret><checksum>; the checksum (CRC-32) lets scanners
// tell a leaked key from other text. Keys are compared and stored by their
// SHA-256 alone. It imports the standard library only.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
)

const (
	prefix      = "gw_"
	idBytes     = 5  // 8 characters
	secretBytes = 20 // 160 bits, 32 characters
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New makes a key with 160 random bits. It is shown to its owner once.
func New() string {
	random := make([]byte, idBytes+secretBytes)
	rand.Read(random) // never fails: crypto/rand ends the process instead
	body := prefix + encoding.EncodeToString(random[:idBytes]) + "_" + encoding.EncodeToString(random[idBytes:])
	return body + checksum(body)
}

// Hash is what is stored of a key.
func Hash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

// Equal compares a key with a stored hash in constant time.
func Equal(key string, hash []byte) bool {
	return subtle.ConstantTimeCompare(Hash(key), hash) == 1
}

func checksum(body string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}
