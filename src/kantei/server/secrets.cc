#include "kantei/server/secrets.h"

#include <sodium.h>

#include <array>
#include <condition_variable>
#include <mutex>

namespace kantei::server {
namespace {

constexpr int kMaxHashing = 2;   // 64 MiB each
constexpr int kMaxWaiting = 32;  // above this, somebody is trying passwords

void Initialise() {
  static const int outcome = ::sodium_init();
  KANTEI_CHECK(outcome >= 0);
}

/// A turn at the memory that Argon2id needs.
class Turn {
 public:
  Turn() {
    std::unique_lock lock(mutex_);
    if (waiting_ >= kMaxWaiting) return;
    ++waiting_;
    free_.wait(lock, [] { return hashing_ < kMaxHashing; });
    --waiting_;
    ++hashing_;
    granted_ = true;
  }
  ~Turn() {
    if (!granted_) return;
    const std::lock_guard lock(mutex_);
    --hashing_;
    free_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool granted() const { return granted_; }

 private:
  inline static std::mutex mutex_;
  inline static std::condition_variable free_;
  inline static int hashing_ = 0, waiting_ = 0;
  bool granted_ = false;
};

Error Busy() {
  return {ErrorCode::kUnavailable, "too many passwords are being checked; try again in a few seconds"};
}

Result<std::string> HashInTurn(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (::crypto_pwhash_str(out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    return Error{ErrorCode::kUnavailable, "there is not enough memory to hash a password"};
  return std::string(out.data());
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  Initialise();
  const Turn turn;
  if (!turn.granted()) return Busy();
  return HashInTurn(password);
}

Result<bool> VerifyPassword(const std::string& hash, std::string_view password) {
  Initialise();
  const Turn turn;
  if (!turn.granted()) return Busy();
  if (hash.empty()) {
    KANTEI_RETURN_IF_ERROR(HashInTurn(password));  // as long as for a user that exists
    return false;
  }
  return ::crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

std::string RandomToken() {
  Initialise();
  std::array<unsigned char, 32> bytes{};
  ::randombytes_buf(bytes.data(), bytes.size());
  std::array<char, 64> text{};
  ::sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return text.data();
}

std::string OneTimePassword() {
  Initialise();
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string password;
  for (int i = 0; i < 20; ++i) {
    if (i > 0 && i % 5 == 0) password += '-';
    password += kLetters[::randombytes_uniform(static_cast<std::uint32_t>(kLetters.size()))];
  }
  return password;
}

std::string HmacSha256Hex(std::string_view key, std::string_view message) {
  Initialise();
  crypto_auth_hmacsha256_state state;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> out{};
  ::crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  ::crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(message.data()),
                                  message.size());
  ::crypto_auth_hmacsha256_final(&state, out.data());
  std::array<char, 2 * crypto_auth_hmacsha256_BYTES + 1> text{};
  ::sodium_bin2hex(text.data(), text.size(), out.data(), out.size());
  return text.data();
}

bool EqualSecrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace kantei::server
