package ddim.serve.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ddim.serve.batch.FakeTime;
import ddim.serve.error.QuotaException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClientAccountsTest {
  private final FakeTime time = new FakeTime();

  @Test
  void eachClientHasItsOwnCalls() {
    ClientAccounts accounts = accounts(2, 0);
    accounts.open("alice");
    accounts.open("alice");

    assertThatThrownBy(() -> accounts.open("alice"))
        .isInstanceOf(QuotaException.class)
        .hasMessage("alice has 2 calls open, of at most 2");
    accounts.open("bob");
    accounts.close("alice");
    accounts.open("alice");
  }

  @Test
  void imagesArePaidBackAtTheRate() {
    ClientAccounts accounts = accounts(0, 10);
    accounts.ask("alice", 30); // three seconds

    assertThatThrownBy(() -> accounts.ask("alice", 1))
        .isInstanceOf(QuotaException.class)
        .hasMessage("alice asks for more than 10.0 images a second");
    accounts.ask("bob", 1);
    time.advance(Duration.ofMillis(1900));
    assertThatThrownBy(() -> accounts.ask("alice", 1)).isInstanceOf(QuotaException.class);
    time.advance(Duration.ofMillis(200));
    accounts.ask("alice", 1);
  }

  @Test
  void whatWasTurnedAwayIsNoDebt() {
    ClientAccounts accounts = accounts(0, 10);
    accounts.ask("alice", 12);
    Quota quota = accounts.quota("alice");
    assertThatThrownBy(() -> quota.ask(1)).isInstanceOf(QuotaException.class);
    quota.giveBack(12);
    quota.ask(10);
    quota.ask(1);
    assertThatThrownBy(() -> quota.ask(1)).isInstanceOf(QuotaException.class);
    quota.giveBack(1000);
    assertThat(accounts.size()).isZero();
  }

  @Test
  void whoPaysAsItGoesIsNeverRefused() {
    ClientAccounts accounts = accounts(0, 10);
    for (int i = 0; i < 100; i++) {
      accounts.ask("alice", 10);
      time.advance(Duration.ofSeconds(1));
    }
  }

  @Test
  void clientsThatAreGoneAreForgotten() {
    ClientAccounts accounts = accounts(1, 10);
    for (int i = 0; i < 5000; i++) {
      accounts.open("client " + i);
      accounts.ask("client " + i, 1);
      accounts.close("client " + i);
      time.advance(Duration.ofSeconds(1));
    }

    assertThat(accounts.size()).isLessThan(1100);
  }

  private ClientAccounts accounts(int calls, double images) {
    return new ClientAccounts(new ClientLimits(calls, images), time::nanoTime);
  }
}
