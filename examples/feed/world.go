package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The cast. The first company, its projects and the first two people are those that
// the web app makes where it is asked to fill itself with an example.
var (
	companies = []named{{"example", "Example Studio"}, {"example-garden", "Example Garden"}}
	projects  = []project{{"example-website", "example", "Website"}, {"example-shop", "example", "Online shop"}, {"example-orchard", "example-garden", "Orchard"}}
	people    = []person{{"example-ada", "Ada Example", "ada@example.org"}, {"example-ben", "Ben Example", "ben@example.org"}, {"example-cleo", "Cleo Example", "cleo@example.org"}}
	// ada works everywhere; the others in one company.
	members = map[string][]string{"example-website": {"example-ada", "example-ben"}, "example-shop": {"example-ada", "example-ben"}, "example-orchard": {"example-ada", "example-cleo"}}
)

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type project struct{ ID, Company, Name string }

type person struct{ ID, Name, Email string }

// task is a record of the application, as events show it.
type task struct {
	ID        string  `json:"id"`
	Title     string  `json:"title"`
	List      list    `json:"list"`
	Priority  string  `json:"priority"`
	Done      bool    `json:"done"`
	DueAt     *string `json:"due_at"`
	Assignees []named `json:"assignees"`
	Tags      []named `json:"tags"`
}

type list struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type comment struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Author named  `json:"author"`
	Record titled `json:"record"`
}

type titled struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

var lists = []list{{"list_1", "To do"}, {"list_2", "In progress"}, {"list_3", "Review"}, {"list_4", "Done"}}

var (
	verbs      = []string{"Order", "Paint", "Check", "Move", "Photograph", "Replace"}
	things     = []string{"the window frames", "the price list", "the landing page", "the apple trees", "the newsletter", "the sign"}
	priorities = []string{"low", "medium", "high"}
	remarks    = []string{"The supplier confirms delivery on Thursday.", "Can somebody look at this?", "Done on my side.", "This is late."}
)

// event is one of POST /v1/events. It holds no time: sent again it must be
// the same.
type event struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Project  string `json:"project_id"`
	Actor    string `json:"actor_id"`
	Previous any    `json:"previous"`
	Current  any    `json:"current"`
}

// firstDue is the day from which due dates are counted.
var firstDue = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// world is the application: its tasks, and what happens next. Of one seed and run it is
// always the same.
type world struct {
	random *rand.Rand
	run    string
	n      int
	tasks  map[string][]*task // by project
}

func newWorld(seed uint64, run string) *world {
	return &world{random: rand.New(rand.NewPCG(seed, 0)), run: run, tasks: map[string][]*task{}}
}

func pick[T any](w *world, all []T) T { return all[w.random.IntN(len(all))] }

// next lets one thing happen.
func (w *world) next() event {
	w.n++
	at := pick(w, projects).ID
	by := w.person(pick(w, members[at]))
	e := event{ID: fmt.Sprintf("feed-%s-%d", w.run, w.n), Project: at, Actor: by.ID}
	open := w.open(at)
	switch dice := w.random.IntN(10); {
	case len(open) == 0 || dice < 3 && len(open) < 20:
		made := w.create(at)
		e.Type, e.Current = "TODO_CREATED", made
	case dice < 6:
		e.Type, e.Previous, e.Current = w.change(pick(w, open), move)
	case dice < 7:
		e.Type, e.Previous, e.Current = w.change(pick(w, open), assign(by))
	case dice < 8:
		// The minutes make each another one, so that a task never gets the one that it has.
		day := firstDue.AddDate(0, 0, w.random.IntN(14)).Add(time.Duration(w.n) * time.Minute).Format(time.RFC3339)
		e.Type, e.Previous, e.Current = w.change(pick(w, open), due(day))
	default:
		about := pick(w, open)
		e.Type, e.Current = "COMMENT_CREATED", comment{ID: fmt.Sprintf("cmt_%s_%d", w.run, w.n), Text: pick(w, remarks), Author: by, Record: titled{about.ID, about.Title}}
	}
	return e
}

func (w *world) person(id string) named {
	for _, p := range people {
		if p.ID == id {
			return named{p.ID, p.Name}
		}
	}
	return named{ID: id}
}

// open are the tasks of a project that are not done.
func (w *world) open(project string) (all []*task) {
	for _, t := range w.tasks[project] {
		if !t.Done {
			all = append(all, t)
		}
	}
	return all
}

func (w *world) create(project string) task {
	t := &task{ID: fmt.Sprintf("rec_%s_%d", w.run, w.n), Title: pick(w, verbs) + " " + pick(w, things), List: lists[0], Priority: pick(w, priorities), Assignees: []named{}, Tags: []named{}}
	w.tasks[project] = append(w.open(project), t) // what is done is forgotten
	return *t
}

// change applies a change to a task, and gives its type and the states before and
// after it.
func (w *world) change(t *task, how func(*task) string) (string, task, task) {
	before := *t
	kind := how(t)
	return kind, before, *t
}

// move moves a task to the next list. On the last one it is done.
func move(t *task) string {
	for i, l := range lists {
		if l == t.List && i+1 < len(lists) {
			t.List = lists[i+1]
			break
		}
	}
	t.Done = t.List == lists[len(lists)-1]
	return "TODO_MOVED"
}

// assign makes a person responsible; where the person is so already, no more.
func assign(to named) func(*task) string {
	return func(t *task) string {
		for i, a := range t.Assignees {
			if a == to {
				t.Assignees = append(append([]named{}, t.Assignees[:i]...), t.Assignees[i+1:]...)
				return "TODO_ASSIGNEE_REMOVED"
			}
		}
		t.Assignees = append(append([]named{}, t.Assignees...), to)
		return "TODO_ASSIGNEE_ADDED"
	}
}

func due(day string) func(*task) string {
	return func(t *task) string {
		had := t.DueAt != nil
		t.DueAt = &day
		if had {
			return "TODO_DUE_DATE_UPDATED"
		}
		return "TODO_DUE_DATE_ADDED"
	}
}
