package ddim.serve.rpc;

import ddim.serve.repository.Lease;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A valid request for a reply of type R.
 *
 * @param lease the model, in use until the reply is sent
 * @param work makes the reply in a call
 */
record Command<R>(Lease lease, Function<Call, CompletableFuture<R>> work) {}
