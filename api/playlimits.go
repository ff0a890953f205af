package api

import (
	"sync/atomic"

	"golang.org/x/time/rate"

	"godwit/api/access"
)

var (
	// played is how often one address may be sent to.
	played = access.Allowance{Name: "play", PerSecond: 50, Burst: 100}
	// astray is how often a network may send to addresses that are not there: each such
	// request is a look into the database.
	astray = access.Allowance{Name: "play", PerSecond: 5, Burst: 50}
)

// player is the play receiver: what is not in the database of it.
type player struct {
	addresses access.Memory[*rate.Limiter] // of those that are there
	networks  access.Memory[*rate.Limiter]
	waiting   atomic.Int64
}

func newPlayer() *player {
	return &player{addresses: access.NewMemory[*rate.Limiter](), networks: access.NewMemory[*rate.Limiter]()}
}
