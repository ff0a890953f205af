// Package eventjson reads events as producers send them:
//
//	{"id"?, "type", "project_id", "actor_id"?, "occurred_at"?, "previous", "current"}
//
// It keeps the bytes of previous and current exactly (order of keys, spelling
// of numbers, spacing), refuses what is ambiguous (see package strict) and
// names every bad field at once. It does no I/O and imports hook and strict
// alone; whether the type and the project exist is for the store to say.
package eventjson
