package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseProcess(t *testing.T) {
	const line = "4242 (a ) (name) S 17 4242 4242 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 12345 1 2\n"
	p, err := parseProcess(line)
	require.NoError(t, err)
	require.Equal(t, process{pid: 4242, parent: 17, own: 200, children: 50}, p)
	require.Equal(t, 2.0, p.seconds())
	for _, bad := range []string{"", "no brackets", "x (name) S 1"} {
		_, err := parseProcess(bad)
		require.Error(t, err, bad)
	}
}

func TestFamilyCountsItsChildren(t *testing.T) {
	f := family{head: process{own: 100, children: 200}, children: []process{{own: 300, children: 7}, {own: 400}}}
	require.Equal(t, 10.0, f.cpuSeconds())
}

func TestFieldKiB(t *testing.T) {
	const text = "Name:\tx\nVmRSS:\t    2048 kB\nPss:  512 kB\nOdd: kB\n"
	require.Equal(t, 2048.0, fieldKiB(text, "VmRSS:"))
	require.Equal(t, 512.0, fieldKiB(text, "Pss:"))
	require.Zero(t, fieldKiB(text, "Odd:"))
	require.Zero(t, fieldKiB(text, "Absent:"))
}

// TestOwnFamily reads what the system says, where it says anything.
func TestOwnFamily(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps_rollup"); err != nil {
		return
	}
	child := exec.Command("cat")
	in, err := child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	f, err := readFamily(ownPID())
	require.NoError(t, err)
	var pids []int
	for _, p := range f.children {
		pids = append(pids, p.pid)
	}
	require.Contains(t, pids, child.Process.Pid)
	pss, err := f.proportionalMiB()
	require.NoError(t, err)
	require.Positive(t, pss)
	rss, err := residentMiB(ownPID())
	require.NoError(t, err)
	require.Positive(t, rss)
	require.NoError(t, in.Close())
	require.NoError(t, child.Wait())
}
