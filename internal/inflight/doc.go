// Package inflight counts the attempts that a process has under way, and says who
// may begin more: shares of the owners of webhooks, and of slow webhooks among all.
// What it decides is in package hook (InFlight); it has no database and no clock
// but this machine's.
package inflight
