package ddim.cli.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureOutputTest {
  private static final List<float[]> IMAGES =
      List.of(new float[] {-1, 1}, new float[] {1, -1}, new float[] {0, 0});
  private static final List<String> NAMES = List.of("seed--1", "seed-0", "seed-41");

  @TempDir Path folder;

  @Test
  void aFileIsOneGrid() throws IOException {
    Path file = folder.resolve("new folder/grid.PNG");

    assertThat(new PictureOutput(file).write(IMAGES, NAMES, 1, 2, 1)).containsExactly(file);

    assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(2 + 2 * (2 * 24 + 2));
  }

  @Test
  void aFolderHasOneFileAnImage() throws IOException {
    Path out = folder.resolve("pictures");

    assertThat(new PictureOutput(out).write(IMAGES, NAMES, 1, 2, 1))
        .containsExactly(
            out.resolve("seed--1.png"), out.resolve("seed-0.png"), out.resolve("seed-41.png"));

    BufferedImage picture = ImageIO.read(out.resolve("seed-0.png").toFile());
    assertThat(picture.getWidth()).isEqualTo(2);
    assertThat(picture.getRaster().getSample(0, 0, 0)).isEqualTo(255);
    assertThat(picture.getRaster().getSample(1, 0, 0)).isZero();
  }
}
