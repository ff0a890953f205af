package core

import (
	"os"
	"testing"

	"godwit/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
