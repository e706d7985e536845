"""Who may change something: root without a question, members of alknet-admin when polkit agrees, nobody else."""

import harness
import story

actions = "/usr/share/polkit-1/actions/org.alknet.Listen1.policy"
reload_action = "org.alknet.Listen1.reload"
denied = 4  # alknetctl's exit code


class Polkit(story.Case):
    def setUp(self):
        super().setUp()
        self.server_box = self.server()
        self.server_box.run(["systemctl", "enable", "--now", "alknet-listend"])
        self.server_box.run("useradd --groups alknet-admin member; useradd stranger")

    def reload(self, user, check=0):
        return self.server_box.run(["alknetctl", "reload"], user=user, check=check).stdout

    def generation(self):
        return self.server_box.look(["busctl", "get-property", "org.alknet.Listen1", "/org/alknet/Listen1", "org.alknet.Listen1",
                                     "Generation"])

    def test_members_may_reload_and_strangers_may_not(self):
        before = self.generation()
        self.reload("stranger", check=denied)
        self.assertEqual(self.generation(), before)
        self.assertEqual(self.server_box.state("polkit"), "inactive", "the bus stops strangers before anybody is asked")
        self.reload("member")
        self.assertNotEqual(self.generation(), before)
        self.assertEqual(self.server_box.state("polkit"), "active")
        self.server_box.run(["alknetctl", "status"], user="member")
        self.server_box.run(["alknetctl", "status"], user="stranger", check=denied)

    def test_root_needs_no_polkit_and_members_do(self):
        self.server_box.run("systemctl mask --runtime --now polkit")
        before = self.generation()
        self.reload("member", check=denied)
        self.assertEqual(self.generation(), before)
        self.server_box.run(["alknetctl", "reload"])
        self.assertNotEqual(self.generation(), before)
        self.server_box.run(["alknetctl", "status"], user="member")  # looking is no question of polkit's

    def test_a_local_rule_decides_first(self):
        self.server_box.write("/etc/polkit-1/rules.d/10-local.rules", """
            polkit.addRule(function(action, subject) {
                if (action.id == "%s" && subject.user == "member") { return polkit.Result.NO; }
            });""" % reload_action)
        before = self.generation()
        self.assertIn(reload_action, self.reload("member", check=denied))
        self.assertEqual(self.generation(), before)

    def test_members_look_after_the_storage_but_do_not_copy_it(self):
        """The rule that spares members a password is not one about everything that is kept; root copies it, out of a confined daemon."""
        def store(*arguments, **options):
            return self.server_box.run(["alknetctl", "store", *arguments], **options).stdout
        self.server_box.run(["alknetctl", "account", "add", "ada@example.org"], user="member")
        self.assertIn("intact: 1 databases", store("check", user="member"))
        store("dump", user="member", check=denied)
        store("backup", "/tmp/copy", user="member", check=denied)
        store("check", user="stranger", check=denied)
        self.assertIn("checked copies: 1 databases", store("backup", "/root/copy"))
        self.assertEqual(self.server_box.look(["stat", "-c", "%U %a", "/root/copy/system.db"]).strip(), "root 600")
        self.server_box.run("umask 077; alknetctl store dump >/root/dump; systemctl stop alknet-stored; "
                            "mv /var/lib/alknet-stored /var/lib/alknet-stored.old; systemctl start alknet-stored")
        self.assertIn("restored: ", store("restore", "/root/dump"))
        self.assertIn("ada@example.org", self.server_box.run(["alknetctl", "account", "list"]).stdout)

    def test_the_owner_of_the_action_may_ask(self):
        """alknet-listend is not root: without the annotation polkit would not even answer it."""
        shown = self.server_box.look(["pkaction", "--verbose", "--action-id", reload_action])
        self.assertRegex(shown, r"org\.freedesktop\.policykit\.owner\s+->\s+unix-user:alknet-listend")
        self.assertRegex(shown, r"implicit any:\s+auth_admin\b")
        self.reload("member")
        self.server_box.run(f"sed -i /policykit.owner/d {actions}; systemctl restart polkit")
        self.reload("member", check=denied)


if __name__ == "__main__":
    harness.main()
