package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checked says which test runs the blocks of a page in one language, or compares them to
// what is run.
type checked struct {
	page, language string
	blocks         int
	test           string // or why there is nothing to run
}

// aPicture is for blocks that nothing can be compared to.
const aPicture = "a picture"

// checkedBlocks are those of all pages. A new block needs a test: the number of blocks
// that one covers is a part of what it promises.
var checkedBlocks = []checked{
	{"../README", "sh", 7, "TestREADME_Walk"},
	{"../README", "json", 1, "TestDocs_RulesAreAcceptable"},
	{"cli", "sh", 49, "TestCLIDoc_EveryExampleRuns"},
	{"cli", "", 55, "TestDocs_NameEveryCommand"},
	{"cli", "toml", 1, "TestReadProfiles_TakesTheGuidesFile"},
	{"clients", "go", 1, "TestClientPackages_GuideRuns"},
	{"clients", "ts", 1, "TestClientPackages_GuideRuns"},
	{"concepts", "text", 1, aPicture},
	{"errors", "json", 1, "TestDocs_ShowAProblemAsItIs"},
	{"from-blue", "sh", 2, "TestFromBlue_MovesAWebhook"}, // and TestFromBlue_ImportsAListing
	{"host", "sh", 5, "TestGuides_Host"},
	{"idempotency", "sh", 1, "TestGuides_Idempotency"},
	{"inspect", "sql", 7, "TestInspect_QueriesOfTheGuideFindWorkflows"},
	{"inspect", "sh", 2, "TestInspect_QueriesOfTheGuideFindWorkflows"},
	{"limits", "text", 2, "TestDocs_ShowRateLimitsAsTheyAre"},
	{"local", "sh", 4, "TestCLIDoc_EveryExampleRuns"}, // and TestGuides_Play
	{"local", "text", 1, "TestListen_WritesAsTheGuideShows"},
	{"missed", "sh", 7, "TestGuides_Missed"},
	{"operate", "sh", 3, "TestOperate_ABackupGoesOnWithAnEmptyTemporal"},
	{"operate", "ini", 2, "TestOperate_AClusterComesBackAsItWasAtAMoment"},
	{"operate", "nginx", 1, "TestOperate_WorksBehindNginx"},
	{"production", "sh", 1, "TestSettings_OfTheGuidesExist"},
	{"production", "text", 1, "TestUp_LetsRequestsPassWhileItWaits"},
	{"receiving", "json", 7, "TestReceivingPage_ShowsTheBodies"},
	{"rules", "json", 13, "TestTheRulesPage"}, // and TestDocs_RulesAreAcceptable
	{"rules", "text", 17, "TestTheRulesPage"},
	{"scale", "text", 1, "TestNeedsGrowWithTheRate"},
	{"security", "text", 1, "TestBlocks_NameTestsThatExist"},
	{"start", "sh", 4, "TestStart_Walk"},
	{"start", "text", 1, "TestStart_Walk"},
	{"trouble", "sh", 3, "TestGuides_Trouble"},
	{"verify", "go", 1, "TestVerifyPage_SnippetsVerify"},
	{"verify", "js", 1, "TestVerifyPage_SnippetsVerify"},
	{"verify", "python", 1, "TestVerifyPage_SnippetsVerify"},
	{"verify", "php", 1, "TestVerifyPage_SnippetsVerify"},
	{"verify", "ruby", 1, "TestVerifyPage_SnippetsVerify"},
	{"verify", "sh", 2, "TestCLIDoc_EveryExampleRuns"}, // and TestVerifyPage_ShellVerifies
}

var fence = regexp.MustCompile("(?ms)^ *```([a-z]*)[^\n]*\n.*?^ *```")

// TestBlocks_AreAllRun: a block of code that no test knows fails here.
func TestBlocks_AreAllRun(t *testing.T) {
	tests := testsOfTheRepository(t)
	known := map[[2]string]int{}
	for _, c := range checkedBlocks {
		known[[2]string{c.page, c.language}] = c.blocks
		require.True(t, c.test == aPicture || slices.Contains(tests, c.test), "%s: there is no %s", c.page, c.test)
	}
	found := map[[2]string]int{}
	for _, page := range pages(t) {
		for _, m := range fence.FindAllStringSubmatch(page.text, -1) {
			found[[2]string{page.name, m[1]}]++
		}
	}
	require.Equal(t, known, found, "write a test that runs the new block, or have one that is there run it, and say so in checkedBlocks")
}

var testName = regexp.MustCompile(`\bTest[A-Z]\w+`)

// TestBlocks_NameTestsThatExist: a page that names a test can be checked by who reads it.
func TestBlocks_NameTestsThatExist(t *testing.T) {
	tests := testsOfTheRepository(t)
	named := 0
	for _, page := range pages(t) {
		for _, name := range testName.FindAllString(page.text, -1) {
			named++
			require.True(t, slices.ContainsFunc(tests, func(known string) bool { return strings.HasPrefix(known, name) }), "%s names %s", page.name, name)
		}
	}
	require.Positive(t, named)
}

type pageText struct{ name, text string }

// pages are the guides and README.
func pages(t *testing.T) (out []pageText) {
	t.Helper()
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, file := range append(files, "../README.md") {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		out = append(out, pageText{strings.TrimSuffix(file, ".md"), string(raw)})
	}
	return out
}

// testsOfTheRepository are the names of all tests in Go.
func testsOfTheRepository(t *testing.T) (names []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".."):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(raw, -1) {
			names = append(names, string(m[1]))
		}
		return err
	}))
	return names
}
