package workflows

import (
	"context"
	"errors"
	"fmt"
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
// are missing; what is there stays as it is.
func EnsureNamespace(ctx context.Context, c client.Client, namespace string) error {
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		err = register(ctx, c, namespace)
	}
	if err != nil {
		return fmt.Errorf("look for the Temporal namespace %q: %w", namespace, err)
	}
	return ensureSearchAttributes(ctx, c, namespace)
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
	if err != nil {
		return fmt.Errorf("list the search attributes of %q: %w", namespace, err)
	}
	add := make(map[string]enums.IndexedValueType)
	for _, name := range SearchAttributes() {
		if _, ok := have.CustomAttributes[name]; !ok {
			add[name] = enums.INDEXED_VALUE_TYPE_KEYWORD
		}
	}
	if len(add) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: add})
	var raced *serviceerror.AlreadyExists
	if err != nil && !errors.As(err, &raced) {
		return fmt.Errorf("add the search attributes to %q: %w", namespace, err)
	}
	return nil
}
