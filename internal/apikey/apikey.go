// Package apikey makes and checks API keys of the form
// gw_<8-character id>_<secret><checksum>; the checksum (CRC-32) tells a key from
// other text: to scanners for leaked ones, and to Godwit, which then need not
// look it up. Keys are compared and stored by their SHA-256 alone. It imports
// the standard library only.
package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"regexp"
)

const (
	prefix      = "gw_"
	idBytes     = 5  // 8 characters
	secretBytes = 20 // 160 bits, 32 characters
	// checksumLength and prefixLength count characters.
	checksumLength = 7
	prefixLength   = len(prefix) + 8
)

var form = regexp.MustCompile(`^gw_[a-z2-7]{8}_[a-z2-7]{39}$`)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New makes a key with 160 random bits. It is shown to its owner once.
func New() string {
	random := make([]byte, idBytes+secretBytes)
	rand.Read(random) // never fails: crypto/rand ends the process instead
	body := prefix + encoding.EncodeToString(random[:idBytes]) + "_" + encoding.EncodeToString(random[idBytes:])
	return body + checksum(body)
}

// WellFormed says whether New could have made key: by its form and its
// checksum, which whoever knows the form can compute as well.
func WellFormed(key string) bool {
	if !form.MatchString(key) {
		return false
	}
	body := key[:len(key)-checksumLength]
	return checksum(body) == key[len(body):]
}

// Prefix is how a well-formed key begins: enough to recognise it, nothing to
// use it with.
func Prefix(key string) string { return key[:prefixLength] }

// Hash is what is stored of a key.
func Hash(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

func checksum(body string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}
