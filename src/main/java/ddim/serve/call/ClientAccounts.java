package ddim.serve.call;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import ddim.serve.error.QuotaException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What each client has open and has asked for.
 *
 * <p>Images are counted as a debt that melts by {@code imagesPerSecond}: a request is refused while
 * there is a debt of more than a second, and otherwise adds to it, however large it is.
 * Thread-safe; forgets clients that have neither calls nor debt.
 */
final class ClientAccounts {
  private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);
  private static final int SWEEP_SIZE = 1000;
  private static final double NANOS = 1e9;

  private static final class Account {
    private int calls;
    private double debt; // seconds
    private long at;

    private void settle(long now) {
      debt = Math.max(0, debt - (now - at) / NANOS);
      at = now;
    }
  }

  private final ClientLimits limits;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Map<String, Account> accounts = new HashMap<>();

  ClientAccounts(ClientLimits limits, LongSupplier nanoTime) {
    this.limits = limits;
    this.nanoTime = nanoTime;
  }

  /**
   * Counts a call; {@link #close} takes it back.
   *
   * @throws QuotaException if the client has too many
   */
  synchronized void open(String client) {
    Account account = account(client);
    if (limits.maxCallsInFlight() > 0 && account.calls >= limits.maxCallsInFlight()) {
      throw new QuotaException(
          client + " has " + account.calls + " calls open, of at most " + limits.maxCallsInFlight(),
          SHORTEST_RETRY);
    }
    account.calls++;
  }

  synchronized void close(String client) {
    account(client).calls--;
    forget(client);
  }

  /**
   * Counts images.
   *
   * @throws QuotaException if the client has asked for too many in too short a time
   */
  synchronized void ask(String client, int images) {
    if (limits.imagesPerSecond() == 0) {
      return;
    }
    Account account = account(client);
    if (account.debt > 1) {
      throw new QuotaException(
          client + " asks for more than " + limits.imagesPerSecond() + " images a second",
          Duration.ofNanos((long) Math.min(Long.MAX_VALUE, (account.debt - 1) * NANOS)));
    }
    account.debt += images / limits.imagesPerSecond();
  }

  /** Takes images back that were counted: of a request that was refused after all. */
  synchronized void giveBack(String client, int images) {
    if (limits.imagesPerSecond() > 0) {
      Account account = account(client);
      account.debt = Math.max(0, account.debt - images / limits.imagesPerSecond());
      forget(client);
    }
  }

  /** What a client's calls are counted by. */
  Quota quota(String client) {
    return new Quota() {
      @Override
      public void ask(int images) {
        ClientAccounts.this.ask(client, images);
      }

      @Override
      public void giveBack(int images) {
        ClientAccounts.this.giveBack(client, images);
      }
    };
  }

  synchronized int size() {
    return accounts.size();
  }

  @GuardedBy("this")
  private Account account(String client) {
    long now = nanoTime.getAsLong();
    Account known = accounts.get(client);
    if (known == null) {
      if (accounts.size() >= SWEEP_SIZE) {
        accounts.values().forEach(account -> account.settle(now));
        accounts.values().removeIf(account -> account.calls == 0 && account.debt == 0);
      }
      known = new Account();
      known.at = now;
      accounts.put(client, known);
    }
    known.settle(now);
    return known;
  }

  @GuardedBy("this")
  private void forget(String client) {
    Account account = accounts.get(client);
    if (account != null && account.calls == 0 && account.debt == 0) {
      accounts.remove(client);
    }
  }
}
