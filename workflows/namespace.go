package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

// historyRetention is how long Temporal keeps closed workflows for inspection
// and replay. Godwit's own ledger does not depend on it.
const historyRetention = 7 * 24 * time.Hour

// EnsureNamespace registers the namespace and the search attributes where they
// are missing; what is there stays as it is. What was just registered takes
// Temporal a moment to see: until then the answer is an error, and to be asked
// again.
func EnsureNamespace(ctx context.Context, c client.Client, namespace string) error {
	missing, err := NamespaceMissing(ctx, c, namespace)
	if err != nil {
		return err
	}
	if missing {
		if err := register(ctx, c, namespace); err != nil {
			return fmt.Errorf("register the Temporal namespace %q: %w", namespace, err)
		}
	}
	return ensureSearchAttributes(ctx, c, namespace)
}

// NamespaceMissing says whether Temporal does not know the namespace (any more).
func NamespaceMissing(ctx context.Context, c client.Client, namespace string) (bool, error) {
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var missing *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &missing):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("look for the Temporal namespace %q: %w", namespace, err)
	}
	return false, nil
}

func register(ctx context.Context, c client.Client, namespace string) error {
	_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		Description:                      "Godwit's deliveries",
		WorkflowExecutionRetentionPeriod: durationpb.New(historyRetention),
	})
	var raced *serviceerror.NamespaceAlreadyExists
	if errors.As(err, &raced) {
		return nil
	}
	return err
}

func ensureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if forbidden(err) {
		return usable(ctx, c, namespace) // someone else has to make them
	}
	if err != nil {
		return fmt.Errorf("list the search attributes of %q: %w", namespace, err)
	}
	add := make(map[string]enums.IndexedValueType)
	for _, a := range SearchAttributes() {
		if _, ok := have.CustomAttributes[a.Name]; !ok {
			add[a.Name] = a.Type
		}
	}
	if len(add) == 0 {
		return usable(ctx, c, namespace)
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: add})
	var raced *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &raced) && !forbidden(err) {
		return fmt.Errorf("add the search attributes to %q: %w", namespace, err)
	}
	return usable(ctx, c, namespace)
}

// forbidden says that operators alone may do this, by other means than this API.
func forbidden(err error) bool {
	var denied *serviceerror.PermissionDenied
	var unknown *serviceerror.Unimplemented
	return errors.As(err, &denied) || errors.As(err, &unknown)
}

// usable asks a question with every search attribute in it: Temporal lists them
// before it lets workflows have them.
func usable(ctx context.Context, c client.Client, namespace string) error {
	var conditions []string
	for _, a := range SearchAttributes() {
		conditions = append(conditions, a.Name+" = ''")
	}
	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: strings.Join(conditions, " AND ")})
	if err != nil {
		return fmt.Errorf("use the search attributes of %q: %w", namespace, err)
	}
	return nil
}
