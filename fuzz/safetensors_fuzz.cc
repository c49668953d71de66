// Any bytes as a safetensors file: either refused, or every tensor's bytes lie in the file and fit its shape.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "kantei/nn/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int fd = memfd_create("kantei-fuzz", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  {
    const auto file = kantei::nn::SafetensorsFile::Open("/proc/self/fd/" + std::to_string(fd));
    if (file.ok()) {
      std::size_t total = 0;
      unsigned sum = 0;
      for (const auto& [name, tensor] : file->tensors()) {
        std::size_t bytes = kantei::nn::DTypeSize(tensor.dtype);
        for (const std::int64_t length : tensor.shape) bytes *= static_cast<std::size_t>(length);
        if (bytes != tensor.bytes.size()) std::abort();
        total += bytes;
        for (const std::byte byte : tensor.bytes) sum += std::to_integer<unsigned>(byte);
      }
      if (total > size || sum > 255 * size) std::abort();
    } else if (file.error().message.empty()) {
      std::abort();
    }
  }
  close(fd);
  return 0;
}
