package schema

// Migrations and UpFrom let a test add a migration of its own.
var (
	Migrations = migrations
	UpFrom     = up
)
