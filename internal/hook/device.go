package hook

import (
	"regexp"
	"strings"
	"time"
)

// Device is a command line that waits for a person to let it in.
type Device struct {
	// Code is what the person compares with the terminal.
	Code string
	Name string
	// Address is where the command line called from.
	Address   string
	CreatedAt time.Time
	ExpiresAt time.Time
	// Approved is what the person has said; nil = nothing yet.
	Approved *bool
	// UserID is who said it, ApprovedBy the session or key by which.
	UserID     string
	ApprovedBy string
}

// Limits of API keys that users make, and of devices that sign in.
const (
	// MaxUserKeys is how many keys a user has at a time, whoever made them, when the user
	// makes another.
	MaxUserKeys = 10
	// MaxUserKeyAge is how long a key that a user makes is valid at most.
	MaxUserKeyAge = 365 * 24 * time.Hour
	// DeviceWait is how long a device waits for the person; DeviceKeyAge is how long its
	// key is valid.
	DeviceWait   = 10 * time.Minute
	DeviceKeyAge = 90 * 24 * time.Hour
	// DevicePoll is how often a device asks.
	DevicePoll = 2 * time.Second
	// MaxDevices is how many devices wait at a time: they are made without a key.
	MaxDevices = 1000
)

// DeviceLetters are those of codes: consonants, so that no code is a word, and none that
// is easily taken for another (RFC 8628, 6.1).
const DeviceLetters = "BCDFGHJKLMNPQRSTVWXZ"

var deviceCode = regexp.MustCompile(`^[` + DeviceLetters + `]{4}-[` + DeviceLetters + `]{4}$`)

// DeviceCode reads a code as a person types it; false = it can't be one.
func DeviceCode(text string) (string, bool) {
	letters := strings.Map(func(c rune) rune {
		if c == '-' || c == ' ' {
			return -1
		}
		return c
	}, strings.ToUpper(text))
	if len(letters) != 8 {
		return "", false
	}
	code := letters[:4] + "-" + letters[4:]
	return code, deviceCode.MatchString(code)
}
