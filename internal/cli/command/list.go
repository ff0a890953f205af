package command

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"godwit/internal/cli"
)

const (
	// defaultLimit is how many rows a list shows; maxPage is how many the API gives at
	// a time.
	defaultLimit = 50
	maxPage      = 200
)

// listFlags are the flags of commands that list something.
type listFlags struct {
	limit int
	all   bool
}

func (l *listFlags) addTo(c *cobra.Command) {
	c.Flags().IntVar(&l.limit, "limit", defaultLimit, "at most so many, the newest first")
	c.Flags().BoolVar(&l.all, "all", false, "all of them")
	c.MarkFlagsMutuallyExclusive("limit", "all")
}

// listing says what is listed, and how a table shows it.
type listing struct {
	listFlags
	path    string
	query   url.Values
	columns []column
	empty   string // what to say where there is nothing
}

// list writes a list of the API: as a table, or as JSON, one object a line.
func (f *frame) list(c *cobra.Command, l listing) error {
	if l.limit < 1 {
		return misused{fmt.Errorf("--limit must be at least 1; --all lists all")}
	}
	api, err := f.client(c)
	if err != nil {
		return err
	}
	t := &table{printer: f.printer(c), columns: l.columns}
	shown := 0
	more, err := pages(c, api, l, func(rows []object) error {
		shown += len(rows)
		return f.rows(c, t, rows)
	})
	switch {
	case err != nil:
		return err
	case shown == 0 && l.empty != "":
		f.note(c, l.empty)
	case more:
		f.note(c, fmt.Sprintf("These are the newest %d; --all or --limit shows more.", shown))
	}
	return nil
}

// rows writes a page of a list.
func (f *frame) rows(c *cobra.Command, t *table, rows []object) error {
	if f.json {
		for _, row := range rows {
			if err := writeJSON(c.OutOrStdout(), row); err != nil {
				return err
			}
		}
		return nil
	}
	if len(rows) > 0 {
		t.rows(rows)
	}
	return t.err
}

// pages calls each with page after page, and says whether there are more than the
// limit.
func pages(c *cobra.Command, api *cli.Client, l listing, each func([]object) error) (more bool, err error) {
	query := url.Values{}
	for name, values := range l.query {
		for _, value := range values {
			if value != "" {
				query.Add(name, value)
			}
		}
	}
	for left := l.limit; ; {
		query.Set("limit", strconv.Itoa(maxPage))
		if !l.all {
			query.Set("limit", strconv.Itoa(min(left, maxPage)))
		}
		var page struct {
			Data       []object `json:"data"`
			NextCursor *string  `json:"next_cursor"`
		}
		if err := api.Call(c.Context(), http.MethodGet, l.path+"?"+query.Encode(), nil, &page); err != nil {
			return false, err
		}
		if err := each(page.Data); err != nil {
			return false, err
		}
		left -= len(page.Data)
		switch {
		case page.NextCursor == nil:
			return false, nil
		case !l.all && left <= 0:
			return true, nil
		}
		query.Set("cursor", *page.NextCursor)
	}
}
