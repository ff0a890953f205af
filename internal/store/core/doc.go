// Package core is the connections to Postgres, and what every part of the store needs
// of them: transactions, prepared statements, lists by pages, who sees what, sealed
// columns, the database's clock.
package core
