package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of times in /proc: USER_HZ, which is 100 on every
// architecture that Go knows.
const ticksPerSecond = 100

// process is what /proc/<pid>/stat says of one.
type process struct {
	pid      int
	parent   int
	own      int // ticks of CPU that it used
	children int // ticks that its ended children used
}

func ownPID() int { return os.Getpid() }

func (p process) seconds() float64 { return float64(p.own) / ticksPerSecond }

func readProcess(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	return parseProcess(string(text))
}

// parseProcess reads proc(5)'s stat. The second field is the name in brackets,
// which may itself hold spaces and brackets.
func parseProcess(stat string) (process, error) {
	end := strings.LastIndexByte(stat, ')')
	if end < 0 {
		return process{}, errors.New("not a line of /proc/<pid>/stat")
	}
	fields := strings.Fields(stat[end+1:])
	const state = 3 // the number of the first field behind the name
	number := func(field int) int {
		if field-state >= len(fields) {
			return 0
		}
		n, err := strconv.Atoi(fields[field-state])
		if err != nil {
			return 0
		}
		return n
	}
	pid, err := strconv.Atoi(strings.TrimSpace(stat[:strings.IndexByte(stat, '(')]))
	if err != nil {
		return process{}, fmt.Errorf("not a line of /proc/<pid>/stat: %w", err)
	}
	return process{pid: pid, parent: number(4), own: number(14) + number(15), children: number(16) + number(17)}, nil
}

// family is a process and its children.
type family struct {
	head     process
	children []process
}

func readFamily(pid int) (family, error) {
	head, err := readProcess(pid)
	if err != nil {
		return family{}, err
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return family{}, err
	}
	f := family{head: head}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended in the meantime
		}
		if p, err := parseProcess(string(text)); err == nil && p.parent == pid {
			f.children = append(f.children, p)
		}
	}
	return f, nil
}

// cpuSeconds is what the process and all its children used, those that ended too.
func (f family) cpuSeconds() float64 {
	ticks := f.head.own + f.head.children
	for _, p := range f.children {
		ticks += p.own
	}
	return float64(ticks) / ticksPerSecond
}

// proportionalMiB is the memory of the family, shared pages counted once.
func (f family) proportionalMiB() (float64, error) {
	total := 0.0
	for _, p := range append(f.children, f.head) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended in the meantime
		}
		if err != nil {
			return 0, err
		}
		total += fieldKiB(string(text), "Pss:") / 1024
	}
	return total, nil
}

func residentMiB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return fieldKiB(string(text), "VmRSS:") / 1024, nil
}

// fieldKiB reads the number of a line such as "VmRSS:	 1234 kB"; 0 without it.
func fieldKiB(text, name string) float64 {
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, name)
		if !found {
			continue
		}
		kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		if err != nil {
			return 0
		}
		return kib
	}
	return 0
}
