// Starts Amazon's DynamoDB Local so that only this machine reaches it: by itself it listens on all interfaces and has
// no option for the address. A source file and no class: `java` compiles it when it starts, so the repository holds
// nothing that nobody can read. Run by infra/dynamodb-local.

import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

class DynamoDbOnLoopback {
    public static void main(String[] arguments) throws Exception {
        DynamoDBProxyServer dynamodb = ServerRunner.createServerFromCommandLineArgs(arguments);
        // Private, but the only way to its web server: all that is public takes a port and no address.
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        for (Connector connector : ((Server) field.get(dynamodb)).getConnectors()) {
            ((ServerConnector) connector).setHost("127.0.0.1");
        }
        // Not `start`: that one writes a port which is taken to its log and lives on without it.
        dynamodb.safeStart();
    }
}
