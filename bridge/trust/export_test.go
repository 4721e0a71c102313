package trust

// Unified is for tests of the difference alone.
var Unified = unified
