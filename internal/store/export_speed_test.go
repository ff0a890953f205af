package store

// The statements of a first attempt, for the test of their cost.
var (
	TakeDue    = takeDue
	TakeQueued = takeQueued
	SucceedAll = succeed
)

// CarriedAll notes which workflows carry deliveries.
var CarriedAll = markUnlocked

// Conditions on what deliveries still need, for the test of their cost.
const (
	OnItsWay   = onItsWay
	Held       = held
	Unfinished = unfinished
)
