package localpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest Postgres release that Godwit supports.
const oldestMajor = 14

// ErrNotInstalled means that no usable Postgres is installed; its text says how
// to get one.
var ErrNotInstalled = errors.New("no Postgres server found (14 or newer is needed): " + installHint())

func installHint() string {
	if runtime.GOOS == "darwin" {
		return "brew install postgresql@17"
	}
	return "apt-get install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora, RHEL) or apk add postgresql (Alpine)"
}

// binaries is one installed Postgres.
type binaries struct {
	dir   string
	major int
}

// Program is the path of a program, such as pg_dump, of the Postgres that a new
// cluster would run on.
func Program(ctx context.Context, name string) (string, error) {
	b, err := findBinaries(ctx, 0)
	if err != nil {
		return "", err
	}
	return b.path(name), nil
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries picks the installed Postgres to use: the one on PATH, else the
// newest. A cluster can be run by the major release that made it alone, which
// is madeBy; 0 means that there is none yet.
func findBinaries(ctx context.Context, madeBy int) (binaries, error) {
	usable := false
	for _, dir := range binaryDirs() {
		major, err := majorOf(ctx, dir)
		if err != nil || major < oldestMajor {
			continue
		}
		if madeBy == 0 || madeBy == major {
			return binaries{dir: dir, major: major}, nil
		}
		usable = true
	}
	if usable {
		return binaries{}, fmt.Errorf("the cluster was made by Postgres %d, which is not installed any more", madeBy)
	}
	return binaries{}, ErrNotInstalled
}

// binaryDirs lists the folders that hold a server and initdb, the best first.
func binaryDirs() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// What is on PATH is often a link into the folder that has the rest.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	dirs = append(dirs, installedDirs()...)
	return slices.DeleteFunc(dirs, func(dir string) bool {
		_, noServer := os.Stat(filepath.Join(dir, "postgres"))
		_, noInit := os.Stat(filepath.Join(dir, "initdb"))
		return noServer != nil || noInit != nil
	})
}

// installedDirs are the places where packages put Postgres outside PATH.
func installedDirs() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",          // Debian, Ubuntu, Alpine's older ones
		"/usr/libexec/postgresql*",           // Alpine
		"/usr/pgsql-*/bin",                   // PGDG on Fedora, RHEL
		"/opt/homebrew/opt/postgresql@*/bin", // Homebrew on ARM
		"/usr/local/opt/postgresql@*/bin",    // Homebrew on Intel
		"/usr/local/pgsql/bin",               // built from source
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(firstNumber(b), firstNumber(a)) })
		dirs = append(dirs, found...)
	}
	return dirs
}

func majorOf(ctx context.Context, dir string) (int, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("ask %s/postgres for its version: %w", dir, err)
	}
	return firstNumber(string(out)), nil
}

// firstNumber is the first run of digits in s as a number, 0 when there is none.
func firstNumber(s string) int {
	from := strings.IndexFunc(s, isDigit)
	if from < 0 {
		return 0
	}
	digits := s[from:]
	if to := strings.IndexFunc(digits, func(r rune) bool { return !isDigit(r) }); to >= 0 {
		digits = digits[:to]
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
