// Package id makes Godwit's own ids: a prefix and a UUIDv7 (RFC 9562) in
// lower-case base32hex, which sorts in the order of time and holds no dots.
package id

import (
	"encoding/base32"
	"fmt"

	"github.com/google/uuid"
)

// The prefixes of Godwit's own ids.
const (
	Webhook     = "wh_"
	Event       = "evt_"
	Delivery    = "dlv_"
	Redelivery  = "rdl_"
	Key         = "key_"
	Session     = "ses_"
	Audit       = "aud_"
	Play        = "play_"
	PlayRequest = "preq_"
)

var encoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// New makes an id with the given prefix. It is safe for concurrent use; ids
// made by one process never repeat and grow with time.
func New(prefix string) string {
	u, err := uuid.NewV7()
	if err != nil {
		// crypto/rand ends the process rather than fail, so this is unreachable
		// but for a broken clock source.
		panic(fmt.Sprintf("make a UUIDv7: %v", err))
	}
	return prefix + encoding.EncodeToString(u[:])
}
