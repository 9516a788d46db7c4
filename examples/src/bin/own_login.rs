//! Signing in your own way: whatever can say who it is that has a user name and a password.
use async_trait::async_trait;
use helpdesk::auth::{Credentials, Entered, Login, Place, SignIn, Verdict};
use mailflow_core::agent::Agent;
use mailflow_core::flow::Mailflow;
use mailflow_core::store::MemoryStore;

/// Asks whoever knows: here a list in the program, in yours the directory of your company.
#[derive(Debug)]
struct Register(&'static [(&'static str, &'static str)]);

#[async_trait]
impl Login for Register {
    async fn check(&self, flow: &Mailflow, shown: &Credentials) -> Verdict {
        let known = self.0.iter().any(|(name, password)| *name == shown.user_name && *password == shown.password);
        match flow.directory().agent_named(&shown.user_name) {
            Some(agent) if known => Verdict::Agent(agent.id),
            _ => Verdict::Wrong,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flow = Mailflow::builder(MemoryStore::new()).build().await?;
    let grace = Agent {
        id: flow.admin().new_id(),
        user_name: "grace".to_owned(),
        name: "Grace Hopper".to_owned(),
        administrator: false,
        built_in: false,
        ..Agent::built_in_administrator()
    };
    flow.admin().save(&grace).await?;

    // A server takes it as `WebConfig { login: Some(…), .. }`; this is what its sign-in page does.
    let sign_in = SignIn::new(flow.clone(), None).with_login(std::sync::Arc::new(Register(&[("grace", "30 cm")])));
    for password in ["299792458", "30 cm"] {
        let shown =
            Credentials { user_name: "grace".to_owned(), password: password.to_owned(), ..Default::default() };
        match sign_in.enter(&shown, (Place::default(), "own_login")).await {
            Ok(Entered::Begun(agent, _)) => println!("{} is in", flow.desk(agent).agent()?.name),
            Ok(Entered::Half(_)) => println!("a code is needed"),
            Err(refusal) => println!("no: {refusal}"),
        }
    }
    Ok(())
}
