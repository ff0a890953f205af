// Package inflight counts the attempts that a process has under way, and says who
// may begin more: shares of the owners of webhooks, and of slow webhooks among all.
// Turns shares out what runs at one moment, such as statements, among owners.
// What it decides of attempts is in package hook (InFlight); it has no database and no clock
// but this machine's.
package inflight
