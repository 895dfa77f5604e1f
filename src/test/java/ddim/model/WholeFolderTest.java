package ddim.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFolderTest {
  @TempDir Path parent;

  @Test
  void aFolderIsSeenWhenItIsFull() throws IOException {
    Path folder = parent.resolve("above/new");
    WholeFolder.make(
        folder,
        empty -> {
          assertThat(folder).doesNotExist();
          Files.writeString(empty.resolve("file"), "text");
        });
    assertThat(folder.resolve("file")).hasContent("text");
    assertThatThrownBy(() -> WholeFolder.make(folder, empty -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(folder + " is there already");
  }

  @Test
  void nothingIsLeftOfOneThatFailed() {
    assertThatThrownBy(
            () ->
                WholeFolder.make(
                    parent.resolve("new"),
                    empty -> {
                      Files.writeString(empty.resolve("file"), "text");
                      throw new IOException("the disk is full");
                    }))
        .hasMessage("the disk is full");
    assertThat(parent).isEmptyDirectory();
  }
}
