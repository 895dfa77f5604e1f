package ddim.serve.rpc;

import ddim.serve.error.UnknownRequestException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The calls of all protocols that have not ended, by who makes them and what they are called.
 * Several calls may have one id, as where one user's request leads to several of them. Thread-safe.
 */
public final class OpenCalls {
  private record Name(String client, String id) {}

  private final Map<Name, Set<Call>> calls = new ConcurrentHashMap<>();

  /**
   * What a call leads to, as long as which it can be cancelled; forgotten before others hear of the
   * result.
   */
  public <R> CompletableFuture<R> run(Call call, Function<Call, CompletableFuture<R>> work) {
    add(call);
    try {
      return work.apply(call).whenComplete((result, error) -> remove(call));
    } catch (Throwable e) { // also for want of memory: nobody else would forget it
      remove(call);
      throw e;
    }
  }

  private void add(Call call) {
    calls.compute(
        name(call.caller()),
        (name, present) -> {
          Set<Call> all = present == null ? ConcurrentHashMap.newKeySet() : present;
          all.add(call);
          return all;
        });
  }

  private void remove(Call call) {
    calls.computeIfPresent(
        name(call.caller()),
        (name, present) -> {
          present.remove(call);
          return present.isEmpty() ? null : present;
        });
  }

  /**
   * Gives up the calls of one id.
   *
   * @throws UnknownRequestException if the client has none
   */
  void cancel(String client, String id) {
    Set<Call> found = calls.get(new Name(client, id));
    if (found == null) {
      throw new UnknownRequestException(
          "there is no request '" + id + "': it has ended, or is not of this client");
    }
    found.forEach(Call::cancel);
  }

  private static Name name(Caller caller) {
    return new Name(caller.client(), caller.id());
  }
}
