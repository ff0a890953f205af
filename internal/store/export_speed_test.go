package store

import (
	"godwit/internal/store/ledger"
	"godwit/internal/store/outcome"
)

// The statements of a first attempt, for the test of their cost.
var (
	TakeDue     = ledger.TakeDue
	TakeQueued  = ledger.TakeQueued
	TakeDrained = ledger.TakeDrained
	SucceedAll  = outcome.Succeed
)

// CarriedAll notes which workflows carry deliveries.
var CarriedAll = ledger.MarkUnlocked

// Conditions on what deliveries still need, for the test of their cost.
const (
	OnItsWay   = ledger.OnItsWay
	Held       = ledger.Held
	Unfinished = ledger.Unfinished
)
