package store

// The statements of a first attempt, for the test of their cost.
const (
	TakeDue    = takeDue
	TakeQueued = takeQueued
	SucceedAll = succeed
	CarriedAll = markCarried
)
