// A lamp that is an application of oneM2M and takes requests that no CSE on the way can read: a
// target of protected requests, in C++. It registers, tells what it supports, and serves until
// somebody with the key deletes its state.
//
//     c++ lamp.cc $(pkg-config --cflags --libs merlon) -o lamp
//     ./lamp http://127.0.0.1:8080 cse-in poll Cswitch switch@home.example switch.key
//
// "poll": it fetches its requests from a polling channel; "listen": they come to a port of its own.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include <merlon/merlon.h>

namespace
{

template <typename T, void (*Free)(T *)> struct Freed {
    void operator()(T *object) const
    {
        Free(object);
    }
};
template <typename T, void (*Free)(T *)> using Owned = std::unique_ptr<T, Freed<T, Free>>;
using Client = Owned<merlon_client, merlon_client_free>;
using Content = Owned<merlon_content, merlon_content_free>;
using Receiver = Owned<merlon_receiver, merlon_receiver_free>;
using Target = Owned<merlon_target, merlon_target_free>;

// What a function of the library says becomes an exception.
void check(bool is_well, const char *what, const merlon_error &error)
{
    if (!is_well) {
        std::string code = error.rsc ? std::to_string(error.rsc) + " " : "";
        throw std::runtime_error(std::string(what) + ": " + code + error.text);
    }
}

// Creates a resource with the content, which is JSON with its root.
void create(merlon_client *client, const std::string &parent, const std::string &json)
{
    merlon_error error;
    Content content(merlon_content_new_json(json.data(), json.size(), &error));

    check(content != nullptr, "content", error);
    check(merlon_create(client, parent.c_str(), content.get(), nullptr, &error) == MERLON_OK,
          "create", error);
}

class Lamp
{
  public:
    explicit Lamp(merlon_client *client) : client_(client)
    {
    }

    bool is_on() const
    {
        return is_on_;
    }

    int take(const merlon_incoming &request, merlon_content **answer)
    {
        const merlon_json *state = merlon_json_member(request.content, "lmp:state");

        std::cout << request.from << " sends operation " << request.operation << std::endl;
        switch (request.operation) {
        case MERLON_RETRIEVE:
            *answer = merlon_content_new("lmp:state", nullptr);
            return *answer && merlon_content_set(*answer, "on", is_on_ ? "true" : "false",
                                                 nullptr) == MERLON_OK
                       ? 2000
                       : 5000;
        case MERLON_UPDATE:
            is_on_ = merlon_json_is_true(merlon_json_member(state, "on"));
            return 2004;
        case MERLON_DELETE:
            merlon_client_stop(client_);
            return 2002;
        default:
            return 4005;
        }
    }

  private:
    merlon_client *client_;
    bool is_on_ = false;
};

// Exceptions must not go through C.
int handle(void *data, const merlon_incoming *request, merlon_content **answer)
{
    try {
        return static_cast<Lamp *>(data)->take(*request, answer);
    } catch (...) {
        return 5000;
    }
}

int ignore(void *, const merlon_notification *)
{
    return 0;
}

// Registers the lamp, lets who has the key notify it, and serves.
void serve(merlon_client *client, const std::string &base, bool polls, const merlon_target_key &key)
{
    const std::string ae = base + "/lamp";
    merlon_error error;
    Lamp lamp(client);
    Receiver receiver(polls ? nullptr
                            : merlon_receiver_new(client, nullptr, ignore, nullptr, &error));

    check(polls || receiver != nullptr, "listen", error);
    create(client, base,
           R"({"m2m:ae":{"rn":"lamp","api":"Norg.example.lamp","srv":["3"],"rr":)" +
               (polls ? std::string("false")
                      : R"(true,"poa":[")" + std::string(merlon_receiver_url(receiver.get())) +
                            "\"]") +
               "}}");
    create(client, ae,
           R"({"m2m:acp":{"rn":"who","pv":{"acr":[{"acor":["Clamp"],"acop":63},{"acor":[")" +
               std::string(key.originator) +
               R"("],"acop":18}]},"pvs":{"acr":[{"acor":["Clamp"],"acop":63}]}}})");
    {
        const std::string policy = R"({"m2m:ae":{"acpi":[")" + ae + R"(/who"]}})";
        Content content(merlon_content_new_json(policy.data(), policy.size(), &error));

        check(content != nullptr &&
                  merlon_update(client, ae.c_str(), content.get(), nullptr, &error) == MERLON_OK,
              "policy", error);
    }
    Target target(merlon_target_new(client, ae.c_str(), handle, &lamp, &error));
    check(target != nullptr && merlon_target_add_key(target.get(), &key, &error) == MERLON_OK,
          "target", error);
    if (polls) {
        create(client, ae, R"({"m2m:pch":{"rn":"channel"}})");
        check(merlon_target_poll(target.get(), (ae + "/channel").c_str(), nullptr, nullptr,
                                 &error) == MERLON_OK,
              "poll", error);
    } else {
        merlon_target_receive(target.get(), receiver.get());
    }
    check(merlon_target_publish(target.get(), &error) == MERLON_OK, "publish", error);
    std::cout << "ready" << std::endl;
    check(merlon_client_run(client, -1, &error) == MERLON_OK, "run", error);
    // the answer to the last request leaves before the lamp does
    (void)(merlon_client_run(client, 500, &error) == MERLON_OK);
    std::cout << "the lamp is " << (lamp.is_on() ? "on" : "off") << std::endl;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 7) {
        std::cerr << "lamp URL BASE poll|listen ORIGINATOR KEY-ID KEY-FILE\n";
        return EXIT_FAILURE;
    }
    try {
        merlon_error error;
        Client client(merlon_client_new(argv[1], &error));
        const merlon_target_key key = { argv[5], argv[6], argv[4], {} };

        check(client != nullptr, "client", error);
        check(merlon_client_set_originator(client.get(), "Clamp", &error) == MERLON_OK,
              "originator", error);
        serve(client.get(), argv[2], std::string(argv[3]) == "poll", key);
        check(merlon_delete(client.get(), (std::string(argv[2]) + "/lamp").c_str(), nullptr,
                            &error) == MERLON_OK,
              "delete", error);
    } catch (const std::exception &failure) {
        std::cerr << failure.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
