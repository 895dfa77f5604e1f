package ddim.serve.call;

import java.util.List;

/** Calls for tests. */
public final class CallRecords {
  private CallRecords() {}

  /** A call of a method, from nowhere. */
  public static CallRecord of(String method) {
    return new CallRecord("id", method, "127.0.0.1", 0, List.of());
  }
}
