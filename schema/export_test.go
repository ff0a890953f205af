package schema

// Migrations and UpFrom let a test add its own migration.
var (
	Migrations = migrations
	UpFrom     = up
)
