package policy

import (
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// Bounds of one expression. Claims are many but bounded where they are read; an expression that would still take long is
// given up, which counts as an expression that can't be evaluated.
const (
	maxExpression = 4096    // characters
	maxNesting    = 2       // macros within macros
	maxDepth      = 64      // of the syntax tree
	maxCost       = 200_000 // CEL cost units; "x" in a list costs one a member
)

// celFunctions is all that an expression may call. What is missing is missing on purpose: matches, because regular
// expressions are not anchored and "dev@example.com" would match more than it says (threat A2); dyn and type, because
// they put type errors off until somebody signs in. Nothing here knows the time, or chance.
var celFunctions = []string{
	operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.NotStrictlyFalse, operators.Conditional,
	operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.In, operators.Index, operators.Add, operators.Subtract, operators.Negate,
	"size", "contains", "startsWith", "endsWith", "timestamp", "duration", "int", "string",
}

// celEnvironment is made once: it is the same for every policy.
var celEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	subset := env.NewLibrarySubset().AddIncludedMacros("all", "exists", "exists_one", "filter", "map")
	for _, name := range celFunctions {
		subset.AddIncludedFunctions(env.NewFunction(name))
	}
	return cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(subset)),
		cel.Macros(parser.NewGlobalMacro("has", 1, expandHas)),
		cel.CustomTypeAdapter(types.DefaultTypeAdapter),
		cel.CustomTypeProvider(identityProvider{types.NewEmptyRegistry()}),
		cel.Variable("identity", cel.ObjectType(identityTypeName)),
		cel.Variable("claims", cel.MapType(cel.StringType, cel.ListType(cel.StringType))),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.EnableMacroCallTracking(),
		cel.DefaultUTCTimeZone(true),
		cel.ASTValidators(
			cel.ValidateComprehensionNestingLimit(maxNesting),
			cel.ValidateHomogeneousAggregateLiterals(),
			cel.ValidateTimestampLiterals(),
			cel.ValidateDurationLiterals(),
		),
	)
})

// expandHas makes has(claims.x) ask whether the claim has a value: a missing claim is an empty list, so that the
// standard macro would say yes to every name.
func expandHas(eh parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	if args[0].Kind() != ast.SelectKind {
		return nil, eh.NewError(args[0].ID(), "has() takes identity.NAME or claims.NAME")
	}
	selected := args[0].AsSelect()
	if operand := selected.Operand(); operand.Kind() == ast.IdentKind && operand.AsIdent() == "claims" {
		return eh.NewCall(operators.In, eh.NewLiteral(types.String(selected.FieldName())), operand), nil
	}
	return eh.NewPresenceTest(selected.Operand(), selected.FieldName()), nil
}

// expression is a CEL expression that passed the type check.
type expression struct {
	env     *cel.Env
	checked *ast.AST
}

// compileExpression parses and type-checks in an environment.
func compileExpression(in func() (*cel.Env, error), text string, want ...*cel.Type) (expression, []celFault) {
	environment, err := in()
	if err != nil {
		return expression{}, whole("CEL: " + err.Error())
	}
	compiled, issues := environment.Compile(text)
	if issues.Err() != nil {
		return expression{}, describeIssues(issues)
	}
	e := expression{environment, compiled.NativeRep()}
	if fault := refuseStructs(e.checked.Expr()); fault != "" {
		return expression{}, whole(fault)
	}
	var names []string
	for _, t := range want {
		if compiled.OutputType().IsExactType(t) {
			return e, nil
		}
		names = append(names, typeName(t.String()))
	}
	return expression{}, whole(fmt.Sprintf("gives %s, but must give %s", typeName(compiled.OutputType().String()), strings.Join(names, " or ")))
}

func refuseStructs(e ast.Expr) string {
	found := ""
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.StructKind {
			found = fmt.Sprintf("%s{…} can't be made in an expression", e.AsStruct().TypeName())
		}
	}))
	return found
}

// plan makes a program of the expression, or of a part of it.
func (e expression) plan(part ast.Expr) (cel.Program, error) {
	info := e.checked.SourceInfo()
	tree := ast.NewCheckedAST(ast.NewAST(part, info), e.checked.TypeMap(), e.checked.ReferenceMap())
	return e.env.PlanProgram(tree, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
}

// text writes a part of the expression as CEL, on one line.
func (e expression) text(part ast.Expr) string {
	out, err := parser.Unparse(part, e.checked.SourceInfo(), parser.WrapOnColumn(maxExpression))
	if err != nil {
		return "(an expression)"
	}
	return out
}
